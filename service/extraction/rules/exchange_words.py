"""The words of exchanges: who is exchanged, how releases, swaps and receptions are named, what only looks like one."""

from __future__ import annotations

import re

from service.domain.draft import Category
from service.extraction.rules.exchange_cue import Cue

_M, _C, _O = Category.MILITARY, Category.CIVILIAN, Category.OTHER
_NOUNS: dict[str, Category] = {
    r"prisoners?(?: of war|-of-war)?|POWs?|PoWs?|captives?|inmates?|convicts?|internees?|abductees?|spies"
    r"|spy": Category.PRISONERS,
    r"detainees?": _O,
    r"hostages?": Category.HOSTAGES,
    r"bodies|body|(?<=its )dead|(?<=their )dead|(?<=war )dead|remains|corpses?|coffins?|caskets?|transfer cases?"
    r"|sets of (?:human )?remains": Category.BODIES,
    r"soldiers?|servicem[ae]n|servicewom[ae]n|service members?|servicemembers?|serviceperson|troops|troopers?|marines?"
    r"|sailors?|airm[ae]n"
    r"|pilots?|combatants?|conscripts?|fighters?|militiam[ae]n|border guards?|(?:national )?guardsm[ae]n|defenders"
    r"|commandos?|paratroopers?"
    r"|(?:military|army) (?:officers|personnel|men)|crewm[ae]n|peacekeepers?": _M,
    r"militants?|guerrillas?|rebels?|insurgents?|separatists?|agents?|operatives?|officers?"
    r"|policem[ae]n"
    r"|police officers?|riot police(?:men)?|activists?|dissidents?|journalists?|reporters?|engineers?|workers?|contractors?"
    r"|aid workers?|doctors?|nurses?|missionaries|monks|pilgrims|tourists?|fishermen|observers?|monitors?|politicians?"
    r"|lawmakers?"
    r"|diplomats?|officials?|commanders?|leaders?|mercenar(?:y|ies)|suspects?|supporters?|members?|relatives?|executives?"
    r"|gendarmes?|militia members?|seam[ae]n|gunners?|sappers?|cadets?|merchants?|shepherds?|farmers?|shopkeepers?"
    r"|surveyors?|nuns?|trawlerm[ae]n|rangers?|constables?|jailers?|wardens?|recruits?|conscripts?|reservists?"
    r"|corporals?|sergeants?|lieutenants?|colonels?"
    r"|saboteurs?|smugglers?|traffickers?|dealers?|hackers?|scientists?|nephews?|businessm[ae]n|lawyers?|bloggers?"
    r"|staffers?|bombers?"
    r"|jihadists?|extremists?|terrorists?|envoys?|drivers?|teachers?|volunteers?|settlers?|gunm[ae]n"
    r"|academics?|scholars?|students|pastors?|priests?|allies|ally|aides?|associates?|fugitives?|clergymen|figures"
    r"|opponents?|critics?": _O,
    r"civilians?|noncombatants|non-combatants|residents|inhabitants|townspeople|villagers": _C,
    r"wom[ae]n|females|policewom[ae]n": Category.WOMEN,
    r"m[ae]n|males": Category.MEN,
    r"children|girls?|boys?|minors?|juveniles?|teenagers?|schoolgirls?|schoolboys?|schoolchildren|youths?|infants?"
    r"|bab(?:y|ies)": Category.CHILDREN,
    r"wounded(?= (?:and|were|in)|[,.]|$)|injured(?= (?:and|were)|[,.]|$)": Category.WOUNDED,
    r"people|persons?|individuals?|nationals?|citizens?|compatriots|countrymen|others|foreigners": Category.TOTAL,
}
PEOPLE = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(f"(?P<g{i}>{pattern})" for i, pattern in enumerate(_NOUNS))
    + r")(?![\w-]|'s \w+ (?:said|told))",
    re.IGNORECASE,
)
_CATEGORIES = tuple(_NOUNS.values())
CAPTIVE = Cue(
    r"(?<![\w-])(?:prisoners?(?:'s?)?(?: of war|-of-war)?|pows?|captives?|hostages?(?:'s?)?|detainees?(?:'s?)?"
    r"|inmates|internees|abductees?|captivity"
    r"|captured|detained|imprisoned|jailed|abducted|kidnapped|remains of|bodies of|dead bodies|custody|prisons?"
    r"|jails?)(?![\w-])",
    stems=(
        "prison",
        "pow",
        "captiv",
        "captur",
        "hostage",
        "detain",
        "inmate",
        "intern",
        "abduct",
        "kidnap",
        "jail",
        "remains",
        "bodies",
        "custody",
    ),
)


def category_of(match: re.Match[str]) -> Category:
    """The category of a matched people noun."""
    return _CATEGORIES[int(match.lastgroup[1:])] if match.lastgroup else Category.OTHER


# --- what is an exchange of people, what only sounds like one -------------------------------------------------------------
_WHO = (
    r"(?:prisoners?(?:'s?)?(?:[ -]of[ -]war)?|pows?|hostages?(?:'s?)?|captives?|detainees?|inmates?|sp(?:y|ies)"
    r"|bod(?:y|ies)|remains"
    r"|hostages?(?:[- ](?:for|and)[- ]|/)prisoners?|prisoners?(?:[- ](?:for|and)[- ]|/)hostages?)"
)
SWAP_NOUN = Cue(
    rf"(?<![\w-]){_WHO}[- ](?:(?:release|transfer)[- ])?(?:swaps?|exchanges?|trades?|deals?(?! with)|exchange deals?"
    rf"|swap deals?|release deals?"
    r"|hand-?overs?|swapping|exchanging|repatriations?)(?![\w-])"
    rf"|(?<![\w-])(?:exchanges?|swaps?|trades?|hand-?overs?|swapping|exchanging|trading),? (?:of"
    rf"|for) (?:[\w,.'’“”\"-]+ ){{0,6}}?"
    r"(?:prisoners|pows|captives|hostages|detainees|captured soldiers|captured servicemen|bodies|remains|inmates"
    r"|spies|captive soldiers)(?![\w-])"
    r"|(?<![\w-])(?:[\d,]+|one|two|all)(?:[- ]for[- ])(?:[\d,]+|one|two|three|all)(?![\w-]) (?:prisoner |pow "
    r"|captive )?(?:swap|exchange|deal|formula|principle)",
    stems=("swap", "exchang", "trad", "deal", "hand", "repatriat", "-for-"),
    reach=(50, 120),
)
SWAP_VERB = Cue(
    r"(?<![\w-])(?:exchang(?:e|ed|es|ing)|swap(?:ped|s|ping)?|trad(?:e|ed|es|ing))(?! (?:deal|agreement|war|talks"
    r"|fire\b|blows|barbs|places|students))(?![\w-])"
)
FOR = Cue(
    r"(?<![\w-])(?:in (?:exchange|return|trade|swap) (?:for|with)|an? (?:\w+ )?(?:swap|trade|exchange) (?:for"
    r"|with))(?![\w-])"
    r"|(?<![\w-])(?<!nothing )(?<!anything )in (?:exchange|return)(?=[ ,.;:]|$)",
    stems=("in exchange", "in return", "in trade", "in swap", " for", " with"),
)
OFFERED = Cue(
    r"(?<![\w-])(?:could|may|might|can|would|will)(?: only| soon| also)? be (?:releas|free|exchang|swapp|trad|handed"
    r"|set free"
    r"|let go|returned)\w*(?: \w+){0,3}?,? (?:in (?:exchange|return)|as part of a swap) for (?:the |some |all "
    r"|\w+ )?(?:jailed"
    r"|captured"
    r"|detained|imprisoned|convicted|captive|prisoners|hostages|detainees|captives|fighters|militants|activists|soldiers"
    r"|rebels)(?![\w-])"
)
"""People who may go free for captives of the other side, which tells of a proposed swap even where no party is named."""
TWO_WAYS = Cue(
    r"\b(?:swap|exchange|trade|deal(?! (?:brokered|mediated|negotiated|arranged))|bargain|each|both|apiece|either"
    r"|phases?|stages?|rounds?|in return|two sides"
    r"|formula|for \d+"
    r"|for (?:one|two|three|four|five|six|seven|eight|nine|ten) )\b"
)
"""Words of an event that has two directions, though the clause at hand may tell of one."""
NOT_PEOPLE = Cue(
    r"(?<![\w-])(?:(?:stock|currency|foreign|securities|commodit\w+|student|cultural|academic|information|gun|heat"
    r"|crypto\w*|insurance|health|data"
    r"|debt|equity|rate|default|land|cap-and|player|draft) (?:exchanges?|swaps?|trad\w+)|exchange (?:rates?|programs?"
    r"|programmes?|students?)"
    r"|(?:exchang\w+|trad\w+|swap\w*) (?:of )?(?:gun)?(?:fire|shots|blows|words|views|gifts|vows|emails?|messages|ideas"
    r"|information|stories|notes"
    r"|numbers|barbs|insults|letters|pleasantries|glances|jerseys|artillery|missiles?|strikes|intelligence)|wife swap"
    r"|house swap|job swap)",
    stems=("swap", "exchang", "trad"),
)
JUDICIAL = Cue(
    r"(?<![\w-])(?:amnest\w+|parole\w*|on bail|bailed|bail|acquitt\w+|early release|time served|overturned|exonerat\w+"
    r"|appeals court|ruled that"
    r"|judge (?:ordered|ruled|released|freed)|court (?:ordered|ruled|freed|released)|extradit\w+|deported|clemency"
    r"|commut\w+|probation"
    r"|sentence reform|furlough\w*|halfway house|nonviolent|non-violent|drug offenders?|rescued|escaped|raid)(?![\w-])"
)
GATE_WHO = re.compile(
    r"\b(?:soldiers|servicemen|sailors|troops|held|fighters|journalists|fishermen|nationals|citizens|guerrillas|rebels"
    r"|militants|civilians|Americans|airmen|pilots?|spies|agents?)\b"
)
GATE_ACT = Cue(
    r"(?:\b(?:swap|exchang|trade[ds]?\b|releas|freed?\b|freeing|hand(?:ed|ing|s)?\b|handover|repatriat|return(?:ed"
    r"|ing)? |turned over|let go|let (?:\w+ ){1,4}go\b|changed (?:hands|places)|put ashore|(?:sent|led|given|flown"
    r"|taken) (?:back|home|across)|(?:c[ao]me|went|gone|arriv(?:ed|ing)|flown) home|br(?:ought|inging) (?:home|back)"
    r"|liberat|set free"
    r"|g[ao]t back|gave (?:up|back)|received))"
)

# --- the verbs ------------------------------------------------------------------------------------------------------------
_RELEASE = (
    r"releas(?:e[sd]?|ing)|freed|free(?=s? )|freeing|liberat(?:e[sd]?|ing)|repatriat(?:e[sd]?|ing)|hand(?:ed|ing"
    r"|s)? (?:over|back)"
    r"|handed|turn(?:ed|ing|s)? over|deliver(?:ed|ing|s)?|return(?:ed|ing|s)?|g[ai]ve[ns]? (?:back|up)|giving (?:back"
    r"|up)|let(?:ting)? go"
    r"|set(?:ting)?(?= \w+(?: \w+){0,4} free\b)|set free|sen[dt](?:ing)? (?:home|back)|sen[dt]|transfer(?:red|ring|s)?"
    r"|relinquish\w*|part(?:ed|ing) with"
    r"|let(?:ting)? out(?= \d| [a-z]+ [a-z]+)|let(?= \w+(?: \w+){0,3} go\b)|put ashore|set ashore|surrender(?:ed"
    r"|s)?(?= (?:\d|the (?:bodies|remains)"
    r"|its prisoners|captives))"
)
_RECEIVE = (
    r"receiv(?:e[sd]?|ing)|g[eo]t(?:ting|s)? back|got|get|t(?:ook|ake|aking|aken) (?:in|back|delivery of|home)"
    r"|recover(?:ed|ing|s)?|br(?:ing|ought|inging)"
    r"(?: back| home)?|secur(?:e[sd]?|ing)|w(?:in|on|inning)(?= (?:the|his|her|their) (?:release|freedom|return))"
    r"|welcom(?:e[sd]?|ing)(?: back| home)?|collect(?:ed)?"
    r"|regain(?:ed)?"
)
_COME = (
    r"c(?:ame|ome|oming)(?: back)?(?= home| to)|arriv(?:e[sd]?|ing)|fl(?:ew|own|y|ying)|cross(?:ed|ing)|walk(?:ed)? free"
    r"|head(?:ed|ing)(?= home| to| back)|land(?:ed)?|(?:led|walked|driven|bus+ed|flown|carried|passed|ferried"
    r"|escorted|marched|trucked)(?= (?:across|over|back|home|ashore|out|to)\b)"
    r"|went(?= home| back| free| to| north| south)|go(?:ne|ing)? (?:home|free)|are (?:home|back|free)|is (?:home|back"
    r"|free)|reunited"
)
_HOLD = (
    r"held|hold(?:s|ing)?|detain(?:ed|s|ing)?|imprison(?:ed)?|jail(?:ed)?|arrested|serving|languish\w+|sentenced"
    r"|convicted|expelled|apprehended|incarcerated|interned|nabbed|picked up(?= by)"
)
_TAKE = r"captur(?:ed|es?|ing)|kidnapp?(?:ed|ing)?|abduct(?:ed)?|seized|taken"
TOKENS = re.compile(
    r"(?<![\w-])(?:(?P<n>(?:release|return|hand-?over|repatriation|freedom|freeing|transfer|delivery|remittance"
    r"|turnover)(?= of\b))"
    rf"|(?P<S>(?!(?:swap|trade|exchange) for )(?:exchang(?:e[sd]?|ing)|swap(?:ped|s|ping)?|trad(?:e[sd]?|ing)"
    rf"|chang(?:ed|ing) (?:hands|places|sides of)))"
    rf"|(?P<w>deal|agreement|talks|negotiations"
    rf"|mediation)|(?P<R>{_RELEASE})|(?P<G>{_RECEIVE})|(?P<C>{_COME})|(?P<K>{_HOLD})|(?P<Z>{_TAKE})"
    r"|(?P<x>in (?:exchange|return|trade|a swap|a trade) for|(?:swap|trade|exchange) for(?= )"
    r"|(?<!nothing )(?<!anything )in (?:exchange"
    r"|return)(?=[ ,.;:]|$))|(?P<o>for)"
    r"|(?P<b>by)|(?P<t>(?:back )?(?:in|on)?to|back in)|(?P<f>from)|(?P<m>between)|(?P<v>with)|(?P<a>and|or|as well as"
    r"|plus|along with)"
    r"|(?P<e>each|apiece|(?:both|either|each) sides?(?! (?:said|say|confirm))|both (?:countries|parties)(?! (?:said"
    r"|say|confirm))|respectively|mutual\w*|from both"
    r"|the same number of|an equal number of)"
    r"|(?P<q>which|who|whom|whose|that|where|when)|(?P<i>in|at|inside)|(?P<p>it|they|he|she))(?![\w-])|(?P<c>[,:])"
    r"|(?P<d>;| [–—-]{1,2} )",
    re.IGNORECASE,
)
WORDS = re.compile(r"[^\W\d_][\w'’-]*|[,:;]| [–—-]{1,2} ")
_CODES = {
    "a": "and or",
    "b": "by",
    "c": ", :",
    "d": ";",
    "e": "each apiece respectively",
    "f": "from",
    "i": "at inside",
    "m": "between",
    "o": "for",
    "p": "it they he she",
    "q": "which who whom whose that where when",
    "t": "to into onto",
    "v": "with",
}
SIMPLE = {word: code for code, words in _CODES.items() for word in words.split()}
"""Words that are a chunk by themselves, with its code (see `exchange_chunks.Chunk`)."""
# First three letters of every other word that `TOKENS` may begin with: most words of a text are passed over by one look-up.
STEMS_LIST = (
    "rel fre lib rep han tur del ret gav giv let set sen tra par rec got get too tak bro bri sec win won wel col reg "
    "cam com arr fle flo fly cro wal hea lan wen go gon goi are is reu hel hol det imp jai cap kid abd sei ser con "
    "exp exc swa dea agr tal neg med cha put led dri bus car pas fer esc mar tru bot eit mut in aga bac as plu alo"
    " rem app inc int nab pic"
)
STEMS = frozenset(STEMS_LIST.split())
PASSIVE = re.compile(
    r"(?:\b(?:was|were|been|being|be|are|is|get|gets|got|getting)|'re|'s)(?:,? (?:\w+ly|also|all|both|then|now|not"
    r"|later|since|already|to be|soon|first|each|either|one|of))*,?\s*$",
    re.IGNORECASE,
)
PERFECT = re.compile(
    r"\b(?:has|have|had|having|'ve|'d)(?: (?:\w+ly|also|all|both|each|now|not|since|already|so far"
    r"|just))*\s*$",
    re.IGNORECASE,
)
BASE = re.compile(
    r"\b(?:to|will|would|could|should|shall|may|might|must|can|did|does|do|not|won't|and|or"
    r"|'ll)(?: (?:\w+ly|also|all|both|now|not|soon|each|then))*\s*$",
    re.IGNORECASE,
)
DETERMINED = re.compile(
    r"\b(?:the|a|an|its|their|his|her|our|this|that|these|those|of|'s|first|mass|unilateral|last|prisoner"
    r"|hostage|for|early|upcoming)\s*$",
    re.IGNORECASE,
)
SUBSET = re.compile(
    r"\b(?:includ(?:ing|ed|es?)|among (?:them|those|the \w+)|amongst them|of (?:whom|them|these|those)|one of"
    r"|other than|as well as|and also|along with|of which|comprising|made up of|consisting of)(?:,? (?:were|are|was|is"
    r"|also))?\s*(?:the\s+|at least\s+)?$",
    re.IGNORECASE,
)
