"""
Sentences as news words exchanges and releases, written for these tests, each with what a careful reader takes from it.

`A>B n` is a transfer with its total (`-` none stated, `~` about, `+` at least or more than, `<` at most). `kind` and `status`
stand first. `none` marks what is no event. Published on Wednesday, 10 June 2020.
"""

from __future__ import annotations

PATTERNS: tuple[tuple[str, str], ...] = (
    # both sides, active, plain numbers
    (
        "Ethiopia and Eritrea exchanged 120 prisoners of war each on Tuesday, officials in both capitals said.",
        "prisoners completed Ethiopia>Eritrea 120 Eritrea>Ethiopia 120",
    ),
    (
        "Armenia and Azerbaijan swapped prisoners on Monday, with Yerevan freeing 14 Azerbaijani soldiers and Baku "
        "handing back 11 Armenian servicemen.",
        "prisoners completed Armenia>Azerbaijan 14 Azerbaijan>Armenia 11",
    ),
    (
        "India and Pakistan on Friday traded captured soldiers at the Wagah border crossing, with each side releasing "
        "six men.",
        "prisoners completed India>Pakistan 6 Pakistan>India 6",
    ),
    (
        "Russia and Ukraine each returned 90 captured troops on Saturday in a swap mediated by the United Arab Emirates.",
        "prisoners completed Russia>Ukraine 90 Ukraine>Russia 90",
    ),
    (
        "Croatia and Yugoslavia completed an exchange of 714 prisoners on Wednesday.",
        "prisoners completed Croatia>Yugoslavia - Yugoslavia>Croatia -",
    ),
    (
        "Iraq released 250 Iranian prisoners of war on Sunday and Iran freed 180 Iraqis in return.",
        "prisoners completed Iraq>Iran 250 Iran>Iraq 180",
    ),
    (
        "The Bosnian government and the Bosnian Serbs exchanged 64 prisoners for 58 at Sarajevo airport on Thursday.",
        "prisoners completed Bosnia>Bosnian Serbs - Bosnian Serbs>Bosnia -",
    ),
    (
        "Sudan handed over 36 captured soldiers to South Sudan on Monday, receiving 22 of its own troops in return.",
        "prisoners completed Sudan>South Sudan 36 South Sudan>Sudan 22",
    ),
    (
        "Georgia handed 13 Russian soldiers back to Moscow and got 15 Georgians in exchange on Tuesday, the Interior "
        "Ministry in Tbilisi said.",
        "prisoners completed Georgia>Russia 13 Russia>Georgia 15",
    ),
    (
        "Ukraine gave up 55 prisoners, including a pro-Russian politician, and got back 215 of its fighters from Russia.",
        "prisoners completed Ukraine>Russia 55 Russia>Ukraine 215",
    ),
    (
        "Israel has freed 1,027 Palestinian prisoners in exchange for one soldier held by Hamas in Gaza for five years.",
        "hostages_or_prisoners completed Israel>Hamas 1027 Hamas>Israel 1",
    ),
    (
        "Three Israeli hostages held by Hamas were released on Saturday in exchange for 183 Palestinian prisoners.",
        "hostages completed Hamas>Israel 3 Israel>Hamas 183",
    ),
    (
        "Hamas released four female soldiers it had held hostage in Gaza, and Israel freed 200 Palestinian prisoners "
        "in return.",
        "hostages completed Hamas>Israel 4 Israel>Hamas 200",
    ),
    (
        "The Taliban released 20 Afghan soldiers on Sunday, days after the Afghan government freed 100 Taliban "
        "prisoners as part of a prisoner exchange.",
        "prisoners completed Taliban>Afghanistan 20 Afghanistan>Taliban 100",
    ),
    (
        "Colombia's FARC rebels freed 242 captured soldiers and policemen on Thursday in exchange for 14 jailed "
        "guerrillas released by the government.",
        "prisoners completed FARC>Colombia 242 Colombia>FARC 14",
    ),
    (
        "Boko Haram has freed 82 schoolgirls in exchange for five militant commanders held by Nigeria, officials said.",
        "any completed Boko Haram>Nigeria 82 Nigeria>Boko Haram 5",
    ),
    (
        "Saudi Arabia received 15 of its soldiers from the Houthis on Friday while the rebels got 290 prisoners back.",
        "prisoners completed Houthis>Saudi Arabia 15 Saudi Arabia>Houthis 290",
    ),
    (
        "Syrian rebels handed over 54 detainees to the government on Wednesday and the army released the same number "
        "of captured fighters in a swap near al-Bab.",
        "prisoners completed Syrian rebels>Syria 54",
    ),
    (
        "A total of 303 Russian prisoners were swapped for 303 Ukrainian soldiers on Sunday.",
        "prisoners completed Ukraine>Russia 303 Russia>Ukraine 303",
    ),
    (
        "Forty-five Ukrainian national guardsmen came home from Russian captivity on Monday in exchange for five "
        "captured Russian officers.",
        "prisoners completed Russia>Ukraine 45 Ukraine>Russia 5",
    ),
    # named individuals, spies
    (
        "The United States freed arms trafficker Pavel Dorin in exchange for American basketball player Lena Marsh, "
        "who had been held in Russia, on Thursday.",
        "prisoners completed United States>Russia 1 Russia>United States 1",
    ),
    (
        "American contractor Mark Ellison was freed by the Taliban on Monday in exchange for Afghan drug lord Haji "
        "Noorzai, who had been jailed in the United States.",
        "prisoners completed Taliban>United States 1 United States>Taliban 1",
    ),
    (
        "Russia and the United States carried out a prisoner swap on Wednesday, trading former Marine Tom Reddick for "
        "Russian pilot Konstantin Yarov.",
        "prisoners completed Russia>United States 1 United States>Russia 1",
    ),
    (
        "Ten Russian agents expelled by the United States were exchanged in Vienna on Friday for four people jailed "
        "in Russia for spying for the West.",
        "prisoners completed United States>Russia 10 Russia>United States 4",
    ),
    (
        "Iran freed an American student, Li Chen Wang, on Saturday in exchange for Iranian scientist Masoud Karimi, "
        "who had been held in the United States.",
        "prisoners completed Iran>United States 1 United States>Iran 1",
    ),
    (
        "Estonia handed convicted spy Aleksei Dress to Russia on Saturday in exchange for Estonian officer Eston Kohl.",
        "prisoners completed Estonia>Russia 1 Russia>Estonia 1",
    ),
    (
        "Five Americans held in Iran were released on Monday under a deal in which the United States freed five Iranians.",
        "prisoners completed Iran>United States 5 United States>Iran 5",
    ),
    (
        "Venezuela on Saturday released seven jailed Americans in exchange for two nephews of the president's wife "
        "who had been imprisoned by the United States.",
        "prisoners completed Venezuela>United States 7 United States>Venezuela 2",
    ),
    (
        "Cuba freed American contractor Alan Foss on Wednesday as Washington released three Cuban spies in a prisoner swap.",
        "prisoners completed Cuba>United States 1 United States>Cuba 3",
    ),
    (
        "Sweden and Iran carried out a prisoner swap on Saturday, with Tehran releasing two Swedes and Stockholm "
        "freeing an Iranian official convicted of war crimes.",
        "prisoners completed Iran>Sweden 2 Sweden>Iran 1",
    ),
    (
        "Belgian aid worker Oliver Vander has been freed by Iran in exchange for an Iranian diplomat convicted of "
        "terrorism in Belgium.",
        "prisoners completed Iran>Belgium 1 Belgium>Iran 1",
    ),
    # N-for-N formulas
    (
        "Kyiv and Moscow carried out a 95-for-95 prisoner exchange on Tuesday.",
        "prisoners completed Ukraine>Russia 95 Russia>Ukraine 95",
    ),
    (
        "Under a 1,000-for-1,000 formula agreed in talks last week, Russia and Ukraine will begin swapping prisoners "
        "on Friday.",
        "prisoners planned Russia>Ukraine 1000 Ukraine>Russia 1000",
    ),
    (
        "Russia and Ukraine have agreed to exchange 1,200 prisoners each, the two delegations said after talks.",
        "prisoners agreed Russia>Ukraine 1200 Ukraine>Russia 1200",
    ),
    (
        "The two Koreas will swap 10 prisoners each next week at the truce village of Panmunjom, Seoul said.",
        "prisoners planned North Korea>South Korea 10 South Korea>North Korea 10",
    ),
    (
        "Morocco and the Polisario Front agreed on Monday to free 100 prisoners each in a deal brokered by Algeria.",
        "prisoners agreed Morocco>Polisario 100 Polisario>Morocco 100",
    ),
    # passive, reduced relatives
    (
        "Thirty-two soldiers were handed over to Azerbaijan by Armenia on Monday as part of a prisoner exchange.",
        "prisoners completed Armenia>Azerbaijan 32 Azerbaijan>Armenia -",
    ),
    (
        "More than 100 prisoners held by the Houthis were freed on Sunday and flown to Aden, part of an exchange with "
        "the Yemeni government.",
        "prisoners completed Houthis>Yemen 100+ Yemen>Houthis -",
    ),
    (
        "The 19 captives released by separatist rebels in eastern Ukraine were exchanged for 88 fighters held by Kiev.",
        "prisoners completed separatists>Ukraine 19 Ukraine>separatists 88",
    ),
    (
        "Seventy-three Ukrainians were exchanged for 233 separatists on Wednesday in the biggest prisoner swap of the "
        "conflict between Kiev and pro-Russian rebels.",
        "prisoners completed pro-Russian rebels>Ukraine 73 Ukraine>pro-Russian rebels 233",
    ),
    (
        "About 50 Indian soldiers captured by Pakistan have been returned home in a prisoner exchange.",
        "prisoners completed Pakistan>India 50~ India>Pakistan -",
    ),
    (
        "Nearly 400 Eritrean prisoners of war have been repatriated by Ethiopia, the Red Cross said on Tuesday.",
        "unilateral completed Ethiopia>Eritrea 400~",
    ),
    (
        "Up to 300 Armenian captives are to be returned by Azerbaijan under the deal to exchange prisoners.",
        "prisoners planned Azerbaijan>Armenia 300< Armenia>Azerbaijan -",
    ),
    # reception, homecoming
    (
        "Ukraine got back 189 captives from Russia on Monday in the latest prisoner exchange.",
        "prisoners completed Russia>Ukraine 189 Ukraine>Russia -",
    ),
    (
        "Seventeen sailors held in Libya returned to Italy on Sunday after Rome agreed to a prisoner swap.",
        "prisoners completed Libya>Italy 17 Italy>Libya -",
    ),
    (
        "Russia said 63 of its soldiers had returned from Ukrainian captivity on Saturday after a prisoner exchange.",
        "prisoners completed Ukraine>Russia 63 Russia>Ukraine -",
    ),
    (
        "Turkey secured the release of 46 of its citizens held hostage by Islamic State in exchange for 50 jailed "
        "militants.",
        "hostages completed Islamic State>Turkey 46 Turkey>Islamic State 50",
    ),
    (
        "Lebanon welcomed home five prisoners freed by Israel on Wednesday, hours after Hezbollah handed over the "
        "bodies of two Israeli soldiers.",
        "any completed Israel>Hezbollah 5 Hezbollah>Israel 2",
    ),
    # remains
    (
        "Russia handed over the bodies of 1,000 Ukrainian soldiers on Friday, receiving the remains of 19 of its own "
        "troops.",
        "remains completed Russia>Ukraine 1000 Ukraine>Russia 19",
    ),
    (
        "North Korea on Friday returned the remains of 55 American soldiers killed in the Korean War to the United States.",
        "remains completed North Korea>United States 55",
    ),
    (
        "Israel returned the bodies of 15 Palestinians to Gaza on Tuesday after Hamas handed over the remains of one "
        "hostage.",
        "any completed Israel>Hamas 15 Hamas>Israel 1",
    ),
    (
        "Ukraine and Russia exchanged the bodies of fallen soldiers on Wednesday, with Kyiv receiving 502 bodies and "
        "Moscow 41.",
        "remains completed Russia>Ukraine 502 Ukraine>Russia 41",
    ),
    (
        "The Sri Lankan army handed over the bodies of 30 Tamil Tiger rebels to the Red Cross on Sunday.",
        "any completed Sri Lanka>Tamil Tigers 30",
    ),
    # unilateral
    (
        "North Korea has freed two American journalists and handed them to the United States after a visit by a "
        "former president.",
        "unilateral completed North Korea>United States 2",
    ),
    (
        "Iran released 15 British sailors on Wednesday, calling it a gift to the British people.",
        "unilateral completed Iran>United Kingdom 15",
    ),
    (
        "FARC guerrillas on Sunday released three Colombian policemen they had held captive for more than a year, the "
        "Red Cross said.",
        "unilateral completed FARC>Colombia 3",
    ),
    (
        "The Polisario Front released 404 Moroccan prisoners of war on Thursday, some of whom had been held for two "
        "decades.",
        "unilateral completed Polisario>Morocco 404",
    ),
    (
        "Pakistan freed 100 Indian fishermen on Sunday as a goodwill gesture and handed them over to Indian officials "
        "at the border.",
        "unilateral completed Pakistan>India 100",
    ),
    (
        "Hezbollah freed an Israeli captive without conditions on Monday.",
        "unilateral completed Hezbollah>Israel 1",
    ),
    (
        "Azerbaijan released eight Armenian prisoners of war on Tuesday as a goodwill gesture.",
        "unilateral completed Azerbaijan>Armenia 8",
    ),
    (
        "Serbian forces freed three American soldiers captured near the Macedonian border and handed them over to the "
        "United States on Sunday.",
        "unilateral completed Serbia>United States 3",
    ),
    (
        "The rebels of the M23 movement handed 40 captured soldiers over to the Congolese army on Saturday.",
        "unilateral completed M23>DR Congo 40",
    ),
    # planned
    (
        "Israel will release 90 Palestinian prisoners on Thursday in exchange for three hostages held by Hamas.",
        "hostages planned Israel>Hamas 90 Hamas>Israel 3",
    ),
    (
        "Yemen's government and the Houthis are due to exchange more than 880 prisoners on Friday in flights "
        "organised by the Red Cross.",
        "prisoners planned Yemen>Houthis - Houthis>Yemen -",
    ),
    (
        "Hamas is expected to hand over six hostages on Saturday, and Israel is to free 602 prisoners.",
        "hostages planned Hamas>Israel 6 Israel>Hamas 602",
    ),
    (
        "A second exchange, of 50 detainees from each side, is scheduled to take place on Sunday between Armenia and "
        "Azerbaijan.",
        "prisoners planned Armenia>Azerbaijan 50 Azerbaijan>Armenia 50",
    ),
    (
        "The Afghan government is set to free 5,000 Taliban prisoners in return for 1,000 captives held by the insurgents.",
        "prisoners planned Afghanistan>Taliban 5000 Taliban>Afghanistan 1000",
    ),
    # agreed
    (
        "Israel's cabinet approved a deal under which Hamas would free 50 hostages and Israel would release 150 "
        "Palestinian prisoners.",
        "hostages agreed Hamas>Israel 50 Israel>Hamas 150",
    ),
    (
        "The Yemeni government and the Houthi rebels have signed an agreement to swap 15 Saudi soldiers for 1,400 "
        "Houthi prisoners.",
        "prisoners agreed Saudi Arabia>Houthis 1400",
    ),
    (
        "Russia and Ukraine agreed on Monday to swap all wounded and sick prisoners of war.",
        "prisoners agreed Russia>Ukraine - Ukraine>Russia -",
    ),
    (
        "Libya's rival governments reached a deal to exchange 300 detainees each.",
        "prisoners agreed",
    ),
    # proposed
    (
        "Syria has offered to free 11 captured Turkish soldiers in exchange for rebels held by Ankara.",
        "prisoners proposed Syria>Turkey 11 Turkey>Syria -",
    ),
    (
        "Hamas said it was ready to release 10 hostages in exchange for 400 Palestinian prisoners in Israeli jails.",
        "hostages proposed Hamas>Israel 10 Israel>Hamas 400",
    ),
    (
        "Ukraine's president offered to hand two captured North Korean soldiers over to Pyongyang in exchange for "
        "Ukrainian prisoners held by Russia.",
        "prisoners proposed",
    ),
    (
        "Iran's foreign minister proposed a prisoner swap with the United States on Monday.",
        "prisoners proposed Iran>United States - United States>Iran -",
    ),
    (
        "The White House has made Moscow an offer to trade convicted arms dealer Victor Bolt for two Americans held "
        "in Russia.",
        "prisoners proposed United States>Russia 1 Russia>United States 2",
    ),
    (
        "The kidnappers demanded the release of eight militants held by Cameroon in exchange for seven French hostages.",
        "hostages proposed",
    ),
    # failed
    (
        "A planned exchange of 65 prisoners between Russia and Ukraine was called off on Wednesday after a plane crashed.",
        "prisoners failed",
    ),
    (
        "Israel has rejected a Hamas proposal to trade 33 hostages for 1,000 Palestinian prisoners.",
        "hostages failed Hamas>Israel 33 Israel>Hamas 1000",
    ),
    (
        "Talks on a prisoner swap between Yemen's government and the Houthis collapsed on Tuesday.",
        "prisoners failed Yemen>Houthis - Houthis>Yemen -",
    ),
    (
        "The Taliban suspended talks with the United States on exchanging an American soldier for five detainees held "
        "at Guantanamo Bay.",
        "prisoners failed Taliban>United States 1 United States>Taliban 5",
    ),
    (
        "Jordan refused to release a failed suicide bomber in exchange for a pilot held by Islamic State.",
        "any failed",
    ),
    # ongoing
    (
        "A prisoner exchange between Ukraine and pro-Russian separatists is under way at a checkpoint near Horlivka, "
        "Kyiv said on Sunday.",
        "prisoners ongoing Ukraine>pro-Russian separatists - pro-Russian separatists>Ukraine -",
    ),
    (
        "The exchange of some 1,080 detainees between Yemen's government and the Houthis began on Thursday and will "
        "continue on Friday.",
        "prisoners ongoing Yemen>Houthis - Houthis>Yemen -",
    ),
    (
        "Russia and Ukraine have begun a swap of prisoners aged under 25, both sides said on Monday.",
        "prisoners ongoing Russia>Ukraine - Ukraine>Russia -",
    ),
    # split subjects and free order
    (
        "In return for 30 Israeli hostages, Israel let go 90 Palestinian women and teenagers held in its prisons.",
        "hostages completed Israel>Palestinians 90",
    ),
    (
        "Twenty Armenian soldiers in exchange for two Azerbaijani saboteurs: that was the swap Baku and Yerevan "
        "completed on Monday.",
        "prisoners completed Azerbaijan>Armenia 20 Armenia>Azerbaijan 2",
    ),
    (
        "As part of the deal, 39 Palestinian women and children walked free from Israeli prisons after Hamas released "
        "13 Israeli hostages.",
        "hostages completed Israel>Hamas 39 Hamas>Israel 13",
    ),
    (
        "Moscow handed over 12 civilians and 64 soldiers to Kyiv, which in turn released 76 Russian captives.",
        "prisoners completed Russia>Ukraine 76 Ukraine>Russia 76",
    ),
    (
        "Mali freed more than 100 suspected jihadists in exchange for four hostages, including a French aid worker, "
        "held by al-Qaeda militants.",
        "hostages completed Mali>al-Qaeda 100+ al-Qaeda>Mali 4",
    ),
    (
        "Rebel fighters set free 48 Iranian pilgrims on Wednesday in exchange for more than 2,000 prisoners held by "
        "the Syrian government.",
        "any completed Syria>rebels 2000+",
    ),
    (
        "Nine Lebanese pilgrims kidnapped in Syria were freed on Saturday in return for two Turkish pilots held "
        "hostage in Lebanon.",
        "any completed",
    ),
    (
        "The captured pilot, Lieutenant Omar Haddad, was traded for six fighters of the Islamic State.",
        "any completed",
    ),
    # no events
    (
        "The New York Stock Exchange fell 2 percent as traders released shares held by investors.",
        "none",
    ),
    (
        "A judge ordered the release of a detained protester on bail on Tuesday.",
        "none",
    ),
    (
        "Myanmar's president granted an amnesty to 6,000 prisoners to mark the new year.",
        "none",
    ),
    (
        "North and South Korean soldiers exchanged gunfire across the border on Sunday; no one was captured.",
        "none",
    ),
    (
        "The club will swap its captain for two strikers held under contract in Spain.",
        "none",
    ),
    (
        "Spain extradited a suspected drug lord held in Madrid to the United States on Friday.",
        "none",
    ),
    (
        "Students on exchange programs in Japan were released from quarantine.",
        "none",
    ),
    (
        "Nigerian troops rescued 300 hostages from a Boko Haram camp on Tuesday.",
        "none",
    ),
    (
        "The Supreme Court freed a man who had been held in prison for 30 years after his conviction was overturned.",
        "none",
    ),
    (
        "Police released two suspects who were detained after the attack.",
        "none",
    ),
    (
        "California will free 8,000 inmates early to slow the spread of the virus.",
        "none",
    ),
    (
        "The two presidents exchanged views on prisoners of conscience and human rights.",
        "none",
    ),
    (
        "The hostage was freed by commandos in a raid on Friday.",
        "none",
    ),
    (
        "The ministry released a list of prisoners who had died in custody.",
        "none",
    ),
    (
        "A video released by Islamic State shows the captured soldiers.",
        "none",
    ),
    (
        "The company released figures showing that bodies found in Mexico had returned to the families.",
        "none",
    ),
    (
        "Egypt released three journalists detained in December after a pardon by the president.",
        "none",
    ),
    (
        "Under the prisoner transfer agreement with Britain, he could return to serve his sentence at home.",
        "none",
    ),
)
