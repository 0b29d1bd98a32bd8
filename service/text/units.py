"""What is counted: nouns for people, remains, times, measures and events, as the numbers and dates scanners need them."""

from __future__ import annotations

PEOPLE = frozenset(
    "people persons person men man women woman children child boys boy girls girl teenagers teenager minors minor kids kid babies"
    " prisoners prisoner detainees detainee captives captive hostages hostage inmates inmate convicts convict internees pows pow"
    " soldiers soldier servicemen serviceman servicewomen servicewoman servicemembers troops troop fighters fighter combatants"
    " combatant officers officer sailors sailor marines marine pilots pilot airmen airman conscripts conscript recruits guardsmen"
    " guards guard policemen policeman policewomen police commandos commando veterans veteran personnel military militants militant"
    " insurgents insurgent rebels rebel separatists separatist gunmen gunman terrorists terrorist militiamen spies spy agents agent"
    " mercenaries mercenary defenders defender warriors warrior medics medic doctors doctor nurses nurse civilians civilian"
    " citizens citizen nationals national residents resident villagers villager foreigners foreigner refugees refugee migrants"
    " migrant workers worker employees employee staff staffers journalists journalist reporters reporter activists activist"
    " politicians politician officials official diplomats diplomat lawmakers lawmaker senators observers observer monitors inspectors"
    " monitor students student schoolgirls schoolgirl pupils teachers teacher protesters protester demonstrators demonstrator"
    " dissidents dissident opponents suspects suspect defendants criminals criminal killers murderers victims victim survivors"
    " survivor relatives relative families family members member passengers passenger crew others women's individuals individual"
    " lives life casualties casualty wounded injured dead lifers returnees evacuees crewmen crewmembers generals general colonels"
    " commanders commander leaders leader engineers engineer scientists volunteers volunteer priests nuns missionaries tourists"
    " americans britons israelis palestinians thais turks kurds arabs iraqis saudis yemenis swedes danes finns poles czechs serbs"
    " croats greeks germans brits spaniards filipinos houthis azeris uzbeks tajiks kazakhs chinese japanese french british"
    " gentlemen gentleman ladies lady grandmothers mothers fathers sons daughters brothers sisters wives husbands adults adult youths"
    " voters voter supporters drivers driver contractors contractor businessmen businessman technicians patients patient lawyers"
    " athletes farmers fishermen fisherman colleagues comrades comrade friends heroes hero aides aide ministers presidents"
    " participants players believers monks bloggers blogger executives executive signatories attackers attacker perpetrators".split()
)
REMAINS = frozenset("bodies body remains corpses corpse coffins coffin fallen".split())
DEAD = frozenset("dead deceased fallen slain killed".split())
TIME = frozenset(
    "second seconds minute minutes hour hours day days night nights week weeks weekend weekends month months year years decade"
    " decades century centuries days' weeks' months' years' a.m p.m am pm gmt utc o'clock o’clock".split()
)
MEASURE = frozenset(
    "km kilometer kilometers kilometre kilometres mile miles meter meters metre metres feet foot inch inches yards acres hectares"
    " tons ton tonnes tonne kg kilograms kilogram pounds-weight litres liters gallons barrels degrees degree knots mph kph kmh"
    " megawatts kilowatts gigawatts points point basis square cubic shares share grams gram ounces cm mm m".split()
)
MONEY = frozenset(
    "dollar dollars euro euros pound pounds rouble roubles ruble rubles hryvnia hryvnias yuan yen shekel shekels rupee rupees"
    " riyals dinars lira francs cents cent usd eur gbp bucks".split()
)
PERCENT = frozenset(("percent", "per", "percentage", "pct"))
EVENT = frozenset(
    "exchange exchanges swap swaps deal deals agreement agreements accord accords phase phases stage stages round rounds talks"
    " meetings meeting attack attacks strike strikes raid raids battle battles flight flights trip trips times time occasions"
    " occasion stages operations operation charges charge counts count votes vote cases case visits visit calls call tranches"
    " tranche batches batch releases release wars war incidents incident sanctions rockets missiles drones ceasefires summits".split()
)
# Nouns before which a four-digit number without a comma counts people and is no year.
COUNTED_NOUN = (
    r"(?:[a-z]{2,12}\s|[A-Z][a-z]{2,14}\s)?(?:people|prisoners|detainees|captives|hostages|soldiers|servicemen|troops|fighters"
    r"|civilians|men|women|children|bodies|inmates|POWs)\b"
)
