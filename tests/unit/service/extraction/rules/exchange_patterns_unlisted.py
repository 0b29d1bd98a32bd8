"""
Sentences as in `exchange_patterns`, with parties that no lexicon knows, other verbs, and numbers told in other ways.

Several sentences stand together where the first only introduces the parties. Published on Wednesday, 10 June 2020.
"""

from __future__ import annotations

UNLISTED: tuple[tuple[str, str], ...] = (
    # states known only from the text
    (
        "Ostravia and the Kelling Republic swapped 44 captured soldiers apiece on Monday, Ostravia's defence ministry said.",
        "prisoners completed Ostravia>Kelling Republic 44 Kelling Republic>Ostravia 44",
    ),
    (
        "Borland's foreign minister confirmed on Tuesday that his country had freed 17 Ravenian sailors. "
        "Ravenia's navy handed back 12 Borland fishermen in return.",
        "prisoners completed Borland>Ravenia 17 Ravenia>Borland 12",
    ),
    (
        "The Republic of Zelmar released 60 prisoners of war on Sunday and the Tovish army returned 55 Zelmari servicemen. "
        "Tovia's government called the swap a first step.",
        "prisoners completed Zelmar>Tovia 60 Tovia>Zelmar 55",
    ),
    (
        "Thirty Mardovan conscripts came home on Monday in a prisoner exchange with Quellin. Mardova's government gave up 28 "
        "Quellin marines, and Quellin's general staff confirmed the numbers.",
        "prisoners completed Mardova>Quellin 28 Quellin>Mardova 30",
    ),
    # movements and bands
    (
        "The Blue River Movement let go 19 policemen on Friday, and the government of Andara released 40 jailed rebels in return.",
        "prisoners completed Blue River Movement>Andara 19 Andara>Blue River Movement 40",
    ),
    (
        "Fighters of the Northern Cross Brigades turned over 8 captured gendarmes to the Philippines on Monday in exchange for "
        "11 jailed rebels.",
        "prisoners completed Northern Cross Brigades>Philippines 8 Philippines>Northern Cross Brigades 11",
    ),
    (
        "Gunmen who call themselves the Lions of the Delta freed three Nigerian engineers on Sunday in a "
        "hostage swap with Nigeria. "
        "The Lions of the Delta got back six of their jailed members.",
        "hostages completed Lions of the Delta>Nigeria 3",
    ),
    (
        "Colombia and the rebels traded captives on Saturday: the army gave back 23 guerrillas and the rebels let 21 soldiers go.",
        "prisoners completed Colombia>rebels 23 rebels>Colombia 21",
    ),
    # other verbs, voices and shapes
    (
        "Iraq and Iran opened the border on Tuesday; 130 Iranian captives were led across by Iraq and 90 Iraqi "
        "captives were sent back by Iran.",
        "prisoners completed Iraq>Iran 130 Iran>Iraq 90",
    ),
    (
        "Nineteen Indian sailors held by Pakistan were put ashore at Karachi on Sunday, and 16 Pakistani prisoners were handed "
        "over by India the same day in the exchange.",
        "prisoners completed Pakistan>India 19 India>Pakistan 16",
    ),
    (
        "Azerbaijan gave up 33 Armenian prisoners on Monday and got back 33 of its own soldiers.",
        "prisoners completed Azerbaijan>Armenia 33 Armenia>Azerbaijan 33",
    ),
    (
        "Ethiopia's government received 70 captured soldiers from Eritrea on Sunday. Eritrea, in return, got 65 of its men back.",
        "prisoners completed Eritrea>Ethiopia 70 Ethiopia>Eritrea 65",
    ),
    (
        "Sudan and Chad each let 15 captured troopers go home on Monday.",
        "prisoners completed Sudan>Chad 15 Chad>Sudan 15",
    ),
    (
        "Libya and Tunisia carried out an exchange of 25 prisoners for 25 on Monday.",
        "prisoners completed Libya>Tunisia 25 Tunisia>Libya 25",
    ),
    (
        "Prisoners changed hands on the Wagah road on Monday. India and Pakistan released 40 men each.",
        "prisoners completed India>Pakistan 40 Pakistan>India 40",
    ),
    (
        "Serbia freed 12 Croatian soldiers on Friday, while Croatia, for its part, released nine Serbian pilots.",
        "prisoners completed Serbia>Croatia 12 Croatia>Serbia 9",
    ),
    (
        "Ukraine said on Monday it had brought home 95 of its defenders. Russia's defence ministry said 95 Russian servicemen had "
        "been returned in exchange.",
        "prisoners completed Russia>Ukraine 95 Ukraine>Russia 95",
    ),
    (
        "In the latest swap, Kyiv got 104 prisoners back on Monday and Moscow 97.",
        "prisoners completed Russia>Ukraine 104 Ukraine>Russia 97",
    ),
    (
        "Two French aid workers were released by Iran on Tuesday, hours after France let an Iranian engineer fly home, "
        "in what both capitals called a prisoner exchange.",
        "prisoners completed Iran>France 2",
    ),
    # one side only
    (
        "Eritrea on Monday released 22 Djiboutian soldiers it had held since 2008 and handed them to Djibouti.",
        "unilateral completed Eritrea>Djibouti 22",
    ),
    (
        "The Taliban have set free two Australian hostages and handed them over to Australia, officials said on Monday.",
        "unilateral completed Taliban>Australia 2",
    ),
    # not yet, no longer
    (
        "Syria and Jordan are to exchange 30 prisoners each on Saturday, Jordan's foreign ministry said.",
        "prisoners planned Syria>Jordan 30 Jordan>Syria 30",
    ),
    (
        "A planned swap of 50 prisoners between Mali and the Tuareg rebels was called off on Monday.",
        "prisoners failed",
    ),
    # none of it
    ("The Front freed up 30 million dollars for roads, and the Movement for Clean Air handed over a petition.", "none"),
    ("Kelling's army swapped 40 old tanks for 25 new ones on Monday.", "none"),
    ("Smith's team traded three players to Boston for two pitchers, and Boston returned a draft pick.", "none"),
    ("The court released 14 drug dealers on bail on Monday and returned their passports.", "none"),
    ("Greece returned 60 migrants to Turkey on Monday and received 12 others from Germany.", "none"),
    ("The museum handed back nine bronzes to Nigeria and received two masks in return.", "none"),
    ("Police freed 12 hostages held by robbers in a bank in Madrid on Monday.", "none"),
)
